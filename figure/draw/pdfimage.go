package draw

import (
	"fmt"
	"image"
	"image/color"
	"slices"
	"strconv"
)

// embed adds an image and, where it is translucent, its mask: in all its colours,
// or in 256 where it has no more or would else go beyond the limit.
func (d *pdfCanvas) embed(r Rect, m *image.RGBA) {
	colours, alphas := planes(m)
	stream, space := pdfData(colours), "/DeviceRGB"
	few := exactly(m)
	if few == nil && d.o.Limit > 0 && len(stream) > d.o.Limit/2 {
		few = fewColours(m)
	}
	if few != nil {
		stream, alphas = pdfData(few.Pix), alphas[:0]
		table := make([]byte, 0, 3*256)
		var opacities [256]byte
		for i, c := range few.Palette {
			c := color.NRGBAModel.Convert(c).(color.NRGBA)
			table = append(table, c.R, c.G, c.B)
			opacities[i] = c.A
		}
		for _, i := range few.Pix {
			alphas = append(alphas, opacities[i])
		}
		space = fmt.Sprintf("[/Indexed /DeviceRGB %d <%x>]", len(few.Palette)-1, table)
	}
	dict := fmt.Sprintf("/Type /XObject /Subtype /Image /Width %d /Height %d /BitsPerComponent 8", m.Rect.Dx(), m.Rect.Dy())
	mask := ""
	if slices.ContainsFunc(alphas, func(a byte) bool { return a != 255 }) {
		mask = fmt.Sprintf(" /SMask %d 0 R", d.add(pdfStream(dict+" /ColorSpace /DeviceGray", alphas)))
	}
	object := d.add(pdfObject(dict+" /ColorSpace "+space+mask, stream))
	name := "i" + strconv.Itoa(object)
	d.name(name, object)
	d.opacity(255)
	// An image is a unit square with its first row at y = 1.
	fmt.Fprintf(&d.page, "q %s 0 0 -%s %s %s cm /%s Do Q\n", short(r.W), short(r.H), short(r.X), short(r.Y+r.H), name)
}

// planes returns the colours of m, three bytes a dot, and their alphas.
func planes(m *image.RGBA) (colours, alphas []byte) {
	colours, alphas = make([]byte, 0, 3*len(m.Pix)/4), make([]byte, 0, len(m.Pix)/4)
	for i := 0; i < len(m.Pix); i += 4 {
		c := color.NRGBAModel.Convert(color.RGBA{m.Pix[i], m.Pix[i+1], m.Pix[i+2], m.Pix[i+3]}).(color.NRGBA)
		colours = append(colours, c.R, c.G, c.B)
		alphas = append(alphas, c.A)
	}
	return colours, alphas
}
