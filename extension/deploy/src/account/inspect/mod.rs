//! What a score of readiness asks of AWS beside what a plan does.

mod aws;
