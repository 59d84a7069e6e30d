"""Kill the hub at random instants while money moves, and see that not a unit is wrong afterwards."""
