//! Throughput by whoever measures it.
