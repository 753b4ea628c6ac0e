package report

// GoldenImage is goldenImage for the examples, which see the package from outside.
var GoldenImage = goldenImage
