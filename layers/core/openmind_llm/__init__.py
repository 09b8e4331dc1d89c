"""The OpenMind LLM gateway: one OpenAI-shaped API in front of six providers."""

__version__ = "0.1.0"
