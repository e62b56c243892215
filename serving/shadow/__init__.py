"""The challenger that scores beside the champion, in nobody's way."""
