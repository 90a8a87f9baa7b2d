//! The Lambda function `api`.
fn main() {}
