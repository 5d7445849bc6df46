//! Which service an event comes from.

use std::fmt;

use super::scan::{Cursor, Malformed};

/// The service that an event comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each is the service of that name")]
pub enum Source {
    ActiveMq,
    AlbTarget,
    ApiGatewayHttp,
    ApiGatewayRest,
    ApiGatewayWebSocket,
    AppSync,
    BedrockAgent,
    CloudFormation,
    CloudWatchAlarm,
    CloudWatchLogs,
    CodeCommit,
    CodePipeline,
    Cognito,
    Config,
    Connect,
    DocumentDb,
    DynamoDb,
    EventBridge,
    Firehose,
    FunctionUrl,
    Iot,
    Kafka,
    Kinesis,
    Lex,
    RabbitMq,
    S3,
    S3Batch,
    S3ObjectLambda,
    SecretsManager,
    Ses,
    Sns,
    Sqs,
    VpcLattice,
    /// A direct call, Step Functions, or a service not known here.
    #[default]
    Direct,
}

impl Source {
    /// A short lower-case name, e.g. `sqs` or `api gateway rest`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ActiveMq => "activemq",
            Self::AlbTarget => "alb",
            Self::ApiGatewayHttp => "api gateway http",
            Self::ApiGatewayRest => "api gateway rest",
            Self::ApiGatewayWebSocket => "api gateway websocket",
            Self::AppSync => "appsync",
            Self::BedrockAgent => "bedrock agent",
            Self::CloudFormation => "cloudformation",
            Self::CloudWatchAlarm => "cloudwatch alarm",
            Self::CloudWatchLogs => "cloudwatch logs",
            Self::CodeCommit => "codecommit",
            Self::CodePipeline => "codepipeline",
            Self::Cognito => "cognito",
            Self::Config => "config",
            Self::Connect => "connect",
            Self::Direct => "direct",
            Self::DocumentDb => "documentdb",
            Self::DynamoDb => "dynamodb",
            Self::EventBridge => "eventbridge",
            Self::Firehose => "firehose",
            Self::FunctionUrl => "function url",
            Self::Iot => "iot",
            Self::Kafka => "kafka",
            Self::Kinesis => "kinesis",
            Self::Lex => "lex",
            Self::RabbitMq => "rabbitmq",
            Self::S3 => "s3",
            Self::S3Batch => "s3 batch",
            Self::S3ObjectLambda => "s3 object lambda",
            Self::SecretsManager => "secrets manager",
            Self::Ses => "ses",
            Self::Sns => "sns",
            Self::Sqs => "sqs",
            Self::VpcLattice => "vpc lattice",
        }
    }

    /// By a record's `eventSource`.
    pub(super) fn of_record(text: &str) -> Self {
        match text {
            "aws:sqs" => Self::Sqs,
            "aws:sns" => Self::Sns,
            "aws:s3" => Self::S3,
            "aws:ses" => Self::Ses,
            "aws:kinesis" => Self::Kinesis,
            "aws:dynamodb" => Self::DynamoDb,
            "aws:codecommit" => Self::CodeCommit,
            "aws:docdb" => Self::DocumentDb,
            "aws:mq" => Self::ActiveMq,
            "aws:rmq" => Self::RabbitMq,
            "aws:kafka" | "SelfManagedKafka" => Self::Kafka,
            _ => Self::Direct,
        }
    }

    /// Reads the top of the event in `json`.
    pub(super) fn of(json: &[u8]) -> Self {
        let mut seen = Seen::default();
        let mut cursor = Cursor::new(json);
        if cursor.peek() == Some(b'[') {
            // The records of EventBridge's pipes, or AppSync's batch.
            let _ = seen.records(&mut cursor);
            return seen.decide();
        }
        // What stood before a fault in the JSON is still good.
        let _ = cursor.object(|key, cursor| {
            seen.member(key, cursor)?;
            Ok(seen.certain.is_none())
        });
        seen.decide()
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What tells the sources apart, in whatever order it comes.
#[derive(Debug, Default)]
struct Seen {
    certain: Option<Source>,
    route: bool,
    method: bool,
    authorizer: bool,
    headers: bool,
    context: bool,
    path: bool,
    /// What a request context says, where the event's shape does not.
    hint: Option<Source>,
}

impl Seen {
    fn member(&mut self, key: &str, cursor: &mut Cursor<'_>) -> Result<(), Malformed> {
        match key {
            "Records" => return self.records(cursor),
            "eventSource" => {
                let source = cursor.text()?.map(|text| Source::of_record(&text));
                self.certain = source.filter(|source| *source != Source::Direct);
                return Ok(());
            }
            "requestContext" => {
                self.context = true;
                return self.request_context(cursor);
            }
            "routeKey" | "rawPath" => self.route = true,
            "httpMethod" => self.method = true,
            // Authorizers; a WebSocket's says so in its request context.
            "methodArn" => self.authorizer = true,
            "routeArn" => self.route = true,
            "path" => self.path = true,
            "headers" | "multiValueHeaders" => self.headers = true,
            "method" | "raw_path" => self.hint = self.hint.or(Some(Source::VpcLattice)),
            "detail-type" => self.certain = Some(Source::EventBridge),
            "xAmzRequestId" => self.certain = Some(Source::S3ObjectLambda),
            "awslogs" => self.certain = Some(Source::CloudWatchLogs),
            "alarmArn" | "alarmData" => self.certain = Some(Source::CloudWatchAlarm),
            "deliveryStreamArn" => self.certain = Some(Source::Firehose),
            "rmqMessagesByQueue" => self.certain = Some(Source::RabbitMq),
            "protocolData" | "placementInfo" | "batteryVoltage" => {
                self.certain = Some(Source::Iot);
            }
            "triggerSource" | "identityPoolId" => self.certain = Some(Source::Cognito),
            "CodePipeline.job" => self.certain = Some(Source::CodePipeline),
            "ResourceProperties" | "LogicalResourceId" => {
                self.certain = Some(Source::CloudFormation);
            }
            "ClientRequestToken" => self.certain = Some(Source::SecretsManager),
            "configRuleArn" | "configRuleName" => self.certain = Some(Source::Config),
            "invocationSchemaVersion" => self.certain = Some(Source::S3Batch),
            "Details" => self.certain = Some(Source::Connect),
            "agent" | "actionGroup" => self.certain = Some(Source::BedrockAgent),
            "currentIntent" | "bot" => self.certain = Some(Source::Lex),
            // AppSync's resolvers, and its older operations.
            "info" | "operation" | "authorizationToken" => {
                self.hint = self.hint.or(Some(Source::AppSync));
            }
            _ => {}
        }
        cursor.skip()
    }

    fn records(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Malformed> {
        let mut source = None;
        cursor.array(|cursor| {
            cursor.object(|key, cursor| {
                match key {
                    "eventSource" | "EventSource" => {
                        source = cursor.text()?.map(|text| Source::of_record(&text));
                    }
                    _ => cursor.skip()?,
                }
                Ok(source.is_none())
            })?;
            // Nothing behind the first record is looked at.
            Ok(false)
        })?;
        self.certain = source.or(Some(Source::Direct));
        Ok(())
    }

    fn request_context(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Malformed> {
        cursor.object(|key, cursor| {
            match key {
                "elb" => self.certain = Some(Source::AlbTarget),
                "connectionId" => self.certain = Some(Source::ApiGatewayWebSocket),
                "serviceNetworkArn" => self.certain = Some(Source::VpcLattice),
                "queryString" => self.certain = Some(Source::AppSync),
                "domainName" => {
                    let url = cursor
                        .text()?
                        .is_some_and(|text| text.contains(".lambda-url."));
                    if url {
                        self.certain = Some(Source::FunctionUrl);
                    }
                    return Ok(true);
                }
                _ => {}
            }
            cursor.skip()?;
            Ok(true)
        })
    }

    fn decide(self) -> Source {
        let shape = if self.route {
            Some(Source::ApiGatewayHttp)
        } else if self.authorizer || self.method && (self.context || self.headers || self.path) {
            Some(Source::ApiGatewayRest)
        } else {
            None
        };
        self.certain
            .or(shape)
            .or(self.hint)
            .unwrap_or(Source::Direct)
    }
}
