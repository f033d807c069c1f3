"""Recognising that a source changed its columns, and what stands for what now. Pure; knows no lake and no dagster."""
