"""Logs, metrics, and what observers are told."""
