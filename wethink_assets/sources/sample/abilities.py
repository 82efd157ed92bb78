"""The names of the abilities that questions need, short enough for a table."""

R = "Reasoning"
REC = "Recognition"
OCR = "OCR"
KNOW = "Knowledge"
SPACE = "Spatial Awareness"
MATH = "Math"
LANG = "Language Generation"
