//! The events of `aws_lambda_events` as batches.

use aws_lambda_events::{
    dynamodb::{Event as DynamoDbEvent, EventRecord as DynamoDbRecord},
    firehose::{KinesisFirehoseEvent, KinesisFirehoseEventRecord},
    kinesis::{KinesisEvent, KinesisEventRecord},
    s3::{S3Event, S3EventRecord},
    sns::{SnsEvent, SnsRecord},
    sqs::{SqsEvent, SqsMessage},
};

use super::Batch;

macro_rules! batches {
    ($($event:ty => $record:ty),+ $(,)?) => {$(
        impl From<$event> for Batch<$record> {
            fn from(event: $event) -> Self {
                Self::new(event.records)
            }
        }
    )+};
}

batches! {
    SqsEvent => SqsMessage,
    SnsEvent => SnsRecord,
    KinesisEvent => KinesisEventRecord,
    DynamoDbEvent => DynamoDbRecord,
    KinesisFirehoseEvent => KinesisFirehoseEventRecord,
    S3Event => S3EventRecord,
}
