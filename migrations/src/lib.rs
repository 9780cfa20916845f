//! Ordered changes of the on-disk format.
