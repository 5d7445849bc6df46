//! A hundred calls against AWS's quota, on a clock that is not waited for.

mod aws;
