"""Settings of Sphinx, for the English site and the Chinese one (the environment says which)."""

import os

import autograd

project = "Chainrule"
author = copyright = "The Chainrule authors"
version = release = autograd.__version__
language = {"en": "en", "zh": "zh_CN"}[os.environ["CHAINRULE_SITE_LANGUAGE"]]

extensions = ["myst_nb", "website.mathml", "website.chinese_search"]
exclude_patterns = ["files/**"]
default_role = "code"
nitpicky = False  # types in signatures are text

myst_enable_extensions = [
    "amsmath",
    "attrs_block",
    "attrs_inline",
    "colon_fence",
    "deflist",
    "dollarmath",
]
myst_heading_anchors = 4
myst_links_external_new_tab = False
nb_execution_mode = "off"  # their outputs are committed, and tests execute them
nb_merge_streams = True
suppress_warnings = ["mystnb.unknown_mime_type"]

html_theme = "furo"
html_title = "Chainrule"
html_static_path = ["_static"]
html_css_files = ["chainrule.css"]
html_favicon = "_static/icon.svg"
html_math_renderer = "mathml"
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_permalinks_icon = "#"
pygments_dark_style = "github-dark"  # the theme's own is too faint
html_theme_options = {
    "footer_icons": [],
    "light_css_variables": {
        "color-brand-primary": "#1f5fa8",
        "color-brand-content": "#1f5fa8",
        "color-derivative": "#b34700",
    },
    "dark_css_variables": {
        "color-brand-primary": "#8ab8f0",
        "color-brand-content": "#8ab8f0",
        "color-derivative": "#e58a3c",
    },
}
