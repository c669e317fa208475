"""`lossflow server`: the findings in an editor, as one types. Only this package knows pygls and the protocol."""
