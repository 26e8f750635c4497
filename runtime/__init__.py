"""spikelet: an event-driven runtime for trained spiking networks on microcontrollers."""
