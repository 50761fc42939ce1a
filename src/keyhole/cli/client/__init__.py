"""The client side. It knows a cloud by its HTTP APIs alone: Keyhole, or another with Nova's and Keystone's shapes."""
