"""Telegram: private chats, groups and topics."""
