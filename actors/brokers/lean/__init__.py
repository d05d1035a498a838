"""What Holdfast ships to run inside QuantConnect's LEAN; nothing here is imported by Holdfast's own processes."""
