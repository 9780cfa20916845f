//! Nothing: the tests are in `tests/it`, one binary, and drive the built `tacho` from outside.
