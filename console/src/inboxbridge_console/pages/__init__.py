"""The pages: each module is one, with the changes that are made from it."""
