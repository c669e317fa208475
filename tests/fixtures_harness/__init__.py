"""The expectations that fixtures carry in their comments, held against what lossflow reports."""
