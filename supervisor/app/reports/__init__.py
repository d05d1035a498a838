"""Reports: morning, evening, week. The journal folded into frozen values, and these rendered as text, HTML and PNG.

reading    the journal's folds        evening, morning    what one report says    kept    where reports are kept
text, page, picture                   the renderers; none of them reads anything but the report it is given
"""
