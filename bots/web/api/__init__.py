"""The API that clients of OpenAI speak."""
