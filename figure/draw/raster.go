package draw

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/png"
	"math"
)

// encodePNG returns m as a PNG: exactly, unless that takes more than limit bytes
// and limit is not 0; then with 256 colours.
func encodePNG(m *image.RGBA, limit int) ([]byte, error) {
	var b bytes.Buffer
	if p := exactly(m); p != nil {
		err := png.Encode(&b, p)
		return b.Bytes(), err
	}
	// A large image would go beyond the limit in all its colours.
	const hopeless = 80e6
	if limit == 0 || len(m.Pix) < hopeless {
		if err := png.Encode(&b, m); err != nil || limit == 0 || b.Len() <= limit {
			return b.Bytes(), err
		}
	}
	b.Reset()
	err := png.Encode(&b, fewColours(m))
	return b.Bytes(), err
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
func enlarged(m image.Image) *image.RGBA {
	b := m.Bounds()
	k := max(1, 1200/max(b.Dx(), b.Dy(), 1))
	out := image.NewRGBA(image.Rect(0, 0, k*b.Dx(), k*b.Dy()))
	for y := range k * b.Dy() {
		for x := range k * b.Dx() {
			out.Set(x, y, m.At(b.Min.X+x/k, b.Min.Y+y/k))
		}
	}
	return out
}
