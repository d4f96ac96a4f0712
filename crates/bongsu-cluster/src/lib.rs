//! bongsu-cluster
