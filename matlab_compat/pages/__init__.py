"""What is looked at: pages that need nothing but themselves, and diagrams of boxes and wires."""
