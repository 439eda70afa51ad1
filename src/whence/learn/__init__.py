"""What more than one task learns with: encoders of pictures. Torch is imported only by what needs it."""

__all__: list[str] = []
