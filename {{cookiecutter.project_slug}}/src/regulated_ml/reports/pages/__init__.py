"""The pages: each module makes one of them from the content of the site."""
