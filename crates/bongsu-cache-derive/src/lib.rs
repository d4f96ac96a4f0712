//! The derive of bongsu-cache.
