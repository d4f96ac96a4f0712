//! bongsu-service
