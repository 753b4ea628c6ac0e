package draw

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"unicode/utf16"
)

// WriteTo writes the document.
func (d *pdfCanvas) WriteTo(w io.Writer) (int64, error) {
	var states bytes.Buffer
	for a := range 256 {
		if d.alphas[uint8(a)] {
			fmt.Fprintf(&states, "/a%d << /ca %.3f /CA %.3f >> ", a, float64(a)/255, float64(a)/255)
		}
	}
	fixed := [][]byte{
		fmt.Appendf(nil, "<< /Type /Catalog /Pages %d 0 R /ViewerPreferences << /DisplayDocTitle true >> >>", pdfPages),
		fmt.Appendf(nil, "<< /Type /Pages /Kids [%d 0 R] /Count 1 >>", pdfPage),
		fmt.Appendf(nil, "<< /Type /Page /Parent %d 0 R /MediaBox [0 0 %s %s] /Contents %d 0 R /Resources %d 0 R >>",
			pdfPages, short(d.o.Width), short(d.o.Height), pdfContent, pdfResources),
		pdfStream("", d.page.Bytes()),
		fmt.Appendf(nil, "<< /Title %s >>", pdfString(d.o.Title)),
		fmt.Appendf(nil, "<< /ExtGState << %s>> /XObject <<\n%s>> >>", states.Bytes(), d.names.Bytes()),
	}
	var doc bytes.Buffer
	doc.WriteString("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
	var offsets []int
	for i, object := range append(fixed, d.objects...) {
		offsets = append(offsets, doc.Len())
		fmt.Fprintf(&doc, "%d 0 obj\n%s\nendobj\n", i+1, object)
	}
	table := doc.Len()
	fmt.Fprintf(&doc, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, at := range offsets {
		fmt.Fprintf(&doc, "%010d 00000 n \n", at)
	}
	fmt.Fprintf(&doc, "trailer\n<< /Size %d /Root %d 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(offsets)+1, pdfCatalog, pdfInfo, table)
	n, err := doc.WriteTo(w)
	if err != nil {
		return n, fmt.Errorf("write PDF: %w", err)
	}
	return n, nil
}

// pdfStream returns a stream object with a dictionary's entries.
func pdfStream(dict string, data []byte) []byte { return pdfObject(dict, pdfData(data)) }

// pdfData returns data compressed.
func pdfData(data []byte) []byte {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	z.Write(data) // a buffer takes all
	z.Close()
	return b.Bytes()
}

// pdfObject returns a stream object of compressed data.
func pdfObject(dict string, data []byte) []byte {
	return fmt.Appendf(nil, "<< %s /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream", dict, len(data), data)
}

// pdfString returns a text in UTF-16, written in hexadecimal.
func pdfString(s string) string {
	out := []byte("<FEFF")
	for _, u := range utf16.Encode([]rune(s)) {
		out = fmt.Appendf(out, "%04X", u)
	}
	return string(append(out, '>'))
}
