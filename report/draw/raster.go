package draw

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
)

// encodePNG writes m as small as can be without a change: with a palette where
// it has at most 256 colours.
func encodePNG(w io.Writer, m image.Image) error {
	if p := paletted(m); p != nil {
		m = p
	}
	e := png.Encoder{CompressionLevel: png.BestCompression}
	return e.Encode(w, m)
}

// paletted returns m with a palette, or nil where it has more than 256 colours.
func paletted(m image.Image) *image.Paletted {
	b := m.Bounds()
	index := map[color.NRGBA]uint8{}
	p := image.NewPaletted(b, nil)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			c := color.NRGBAModel.Convert(m.At(x, y)).(color.NRGBA)
			i, ok := index[c]
			if !ok {
				if len(p.Palette) == 256 {
					return nil
				}
				i = uint8(len(p.Palette))
				index[c] = i
				p.Palette = append(p.Palette, c)
			}
			p.SetColorIndex(x, y, i)
		}
	}
	return p
}

// withResolution returns a PNG with the number of dots per inch, which stands
// behind the header, in dots per metre.
func withResolution(b []byte, dpi float64) *bytes.Buffer {
	const head = 8 + 4 + 4 + 13 + 4 // signature and IHDR
	chunk := []byte("pHYs")
	dots := uint32(math.Round(dpi / 0.0254))
	chunk = binary.BigEndian.AppendUint32(chunk, dots)
	chunk = binary.BigEndian.AppendUint32(chunk, dots)
	chunk = append(chunk, 1) // the unit is the metre
	var out bytes.Buffer
	out.Write(b[:head])
	out.Write(binary.BigEndian.AppendUint32(nil, uint32(len(chunk)-4)))
	out.Write(chunk)
	out.Write(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(chunk)))
	out.Write(b[head:])
	return &out
}

// enlarged returns m with every dot as a square of dots, so that viewers that
// smooth images smooth but a little of each.
func enlarged(m image.Image) image.Image {
	b := m.Bounds()
	k := 1200 / max(b.Dx(), b.Dy(), 1)
	if k < 2 {
		return m
	}
	out := image.NewNRGBA(image.Rect(0, 0, k*b.Dx(), k*b.Dy()))
	for y := range k * b.Dy() {
		for x := range k * b.Dx() {
			out.Set(x, y, m.At(b.Min.X+x/k, b.Min.Y+y/k))
		}
	}
	return out
}
