"""The HTTP face: API Gateway proxy events in, responses and problems out."""
