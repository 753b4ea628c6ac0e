// exp(x) for x <= 0, within 2 units in the last place; 0 below -87.3, where it is
// no normal number. The range is brought to |r| <= log(2)/2 by x = n log(2) + r, with
// log(2) in two parts, and exp(r) = 1 + r + r^2 p(r): p of degree 5 from the Cephes library.
static Lanes::V exp_of(Lanes::V x) {
  using L = Lanes;
  const auto small = L::above(L::spread(-87.3f), x);
  x = L::max(x, L::spread(-87.3f));
  L::V n = L::nearest(L::mul(x, L::spread(1.44269504088896341f)));
  L::V r = L::fma(n, L::spread(-0.693359375f), x);
  r = L::fma(n, L::spread(2.12194440e-4f), r);
  L::V p = L::spread(1.9875691500e-4f);
  p = L::fma(p, r, L::spread(1.3981999507e-3f));
  p = L::fma(p, r, L::spread(8.3334519073e-3f));
  p = L::fma(p, r, L::spread(4.1665795894e-2f));
  p = L::fma(p, r, L::spread(1.6666665459e-1f));
  p = L::fma(p, r, L::spread(5.0000001201e-1f));
  p = L::fma(L::mul(r, r), p, L::add(r, L::spread(1)));
  return L::keep(L::mul(p, L::two_to(n)), L::none_of(small));
}
