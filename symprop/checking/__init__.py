"""A student's derivation -> what is right in it. Facts and places only; the sentences are made elsewhere."""
