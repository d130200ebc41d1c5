"""Writes ocr_cli/output/glyphless.ttf, the font of a PDF's invisible text; needs fontTools.

Its only letter is a rectangle, half as wide as high, that nobody sees, since the text is written
without being drawn; pdfium takes its outline for the letter's place. How far it reaches above and
below the baseline is what `output.geometry` takes for a row.
"""

from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

from ocr_cli.output.geometry import DOWN, UP

FILE = Path(__file__).parent.parent / "ocr_cli" / "output" / "glyphless.ttf"
EM, WIDE = 1000, 500


def main() -> None:
    """Write the font."""
    above = round(EM * UP / (UP + DOWN))
    names = [".notdef", "letter"]
    pen = TTGlyphPen(None)
    pen.moveTo((0, above - EM))
    for corner in ((0, above), (WIDE, above), (WIDE, above - EM)):
        pen.lineTo(corner)
    pen.closePath()
    letter = pen.glyph()
    builder = FontBuilder(EM, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({0x20: "letter"})
    builder.setupGlyf(dict.fromkeys(names, letter))
    builder.setupHorizontalMetrics(dict.fromkeys(names, (WIDE, 0)))
    builder.setupHorizontalHeader(ascent=above, descent=above - EM)
    builder.setupNameTable({"familyName": "GlyphLessFont", "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=above, sTypoDescender=above - EM)
    builder.setupPost(keepGlyphNames=False)
    builder.updateHead(created=0, modified=0)
    builder.font.recalcTimestamp = False
    builder.save(FILE)


if __name__ == "__main__":
    main()
