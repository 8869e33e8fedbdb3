"""Pictures: matplotlib figures that become inline SVG, all in one look (`canvas`)."""
