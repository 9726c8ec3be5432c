//! Prints every operation of the local cloud, one per line, for `models/extract.py`.

#![expect(clippy::print_stdout, reason = "an example prints")]

fn main() {
    for operation in local_aws::operations() {
        println!("{operation}");
    }
}
