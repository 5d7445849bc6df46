//! Records: each whose data says `fail` fails, as in `twin.py`'s `batch`.

use obs::{Error, LambdaEvent, batch::Batch};
use serde_json::Value;

pub(crate) async fn handler(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let report = Batch::from(event.payload).each(|record| {
        if says_fail(&record) {
            Err("the record says so")
        } else {
            Ok(())
        }
    });
    Ok(serde_json::to_value(report.into_result()?)?)
}

/// SQS's body, DynamoDB's new image, or Kinesis's data (`fail`, in base64).
fn says_fail(record: &Value) -> bool {
    record["body"] == "fail"
        || record["dynamodb"]["NewImage"]["Message"]["S"] == "fail"
        || record["kinesis"]["data"] == "ZmFpbA=="
}
