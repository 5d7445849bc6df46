//! The least extension that the crate lambda-extension makes: registered, and
//! nothing more.

fn main() -> Result<(), lambda_extension::Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let nothing = async |_: lambda_extension::LambdaEvent| Ok::<(), lambda_extension::Error>(());
    runtime.block_on(lambda_extension::run(lambda_extension::service_fn(nothing)))
}
