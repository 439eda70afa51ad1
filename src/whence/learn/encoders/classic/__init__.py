"""The classic encoder: local structure and colour over vocabularies learnt from the photos themselves."""

__all__: list[str] = []
