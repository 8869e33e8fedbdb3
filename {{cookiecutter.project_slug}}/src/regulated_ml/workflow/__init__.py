"""From data to an explained model: the steps, and how one is run and recorded."""
