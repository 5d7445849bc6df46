//! CloudFormation's intrinsic functions, where their value is plain in the template;
//! else a variable stands for it: `${stack_name}`.

use serde_json::Value;

use super::found::snake;

/// Intrinsic functions inside each other, at most.
const DEPTH: usize = 16;

/// A template that texts are read from.
#[derive(Clone, Copy)]
pub(super) struct Texts<'a>(pub(super) &'a Value);

/// Properties that hold a resource's own name.
const NAMES: &[&str] = &[
    "FunctionName",
    "Name",
    "TableName",
    "QueueName",
    "BucketName",
    "UserPoolName",
    "ClientName",
    "TrailName",
    "LogGroupName",
    "TopicName",
];

impl<'a> Texts<'a> {
    /// The text of a value; `None` when it is no text or number.
    pub(super) fn of(self, value: &Value) -> Option<String> {
        self.read(value, DEPTH)
    }

    fn read(self, value: &Value, depth: usize) -> Option<String> {
        let depth = depth.checked_sub(1)?;
        match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(value) => Some(value.to_string()),
            Value::Object(map) => {
                let (name, argument) = map.iter().next().filter(|_| map.len() == 1)?;
                self.call(name, argument, depth)
            }
            _ => None,
        }
    }

    fn call(self, name: &str, argument: &Value, depth: usize) -> Option<String> {
        match name {
            "Ref" => self.refer(argument.as_str()?, depth),
            "Fn::Sub" => self.sub(argument, depth),
            "Fn::Join" => {
                let separator = argument.get(0)?.as_str()?;
                let parts = argument.get(1)?.as_array()?.iter();
                let parts: Option<Vec<String>> = parts.map(|part| self.read(part, depth)).collect();
                Some(parts?.join(separator))
            }
            "Fn::Select" => {
                let index: usize = self.read(argument.get(0)?, depth)?.parse().ok()?;
                self.read(argument.get(1)?.get(index)?, depth)
            }
            "Fn::FindInMap" => {
                let mut at = &self.0["Mappings"];
                for key in argument.as_array()?.iter().take(3) {
                    at = at.get(self.read(key, depth)?)?;
                }
                self.read(at, depth)
            }
            "Fn::GetAtt" => {
                let of = argument.get(0)?.as_str()?;
                let what = argument.get(1)?.as_str()?;
                Some(format!("${{{}}}", snake(&format!("{of}_{what}"))))
            }
            "Fn::ImportValue" => {
                let name = self.read(argument, depth)?;
                Some(format!(
                    "${{{}}}",
                    snake(&name.replace("${", "").replace('}', ""))
                ))
            }
            "Fn::If" => Some(format!("${{{}}}", snake(argument.get(0)?.as_str()?))),
            _ => None,
        }
    }

    fn refer(self, name: &str, depth: usize) -> Option<String> {
        match name {
            "AWS::Region" => return Some("${region}".to_owned()),
            "AWS::AccountId" => return Some("${account}".to_owned()),
            "AWS::StackName" => return Some("${stack_name}".to_owned()),
            "AWS::Partition" => return Some("aws".to_owned()),
            "AWS::URLSuffix" => return Some("amazonaws.com".to_owned()),
            "AWS::NoValue" => return None,
            _ => {}
        }
        if let Some(parameter) = self.0["Parameters"].get(name) {
            let default = parameter
                .get("Default")
                .and_then(|value| self.read(value, depth));
            return Some(default.unwrap_or_else(|| format!("${{{}}}", snake(name))));
        }
        let own = self.0["Resources"].get(name).and_then(|resource| {
            NAMES
                .iter()
                .find_map(|key| self.read(resource["Properties"].get(*key)?, depth))
        });
        Some(own.unwrap_or_else(|| format!("${{{}}}", snake(name))))
    }

    fn sub(self, argument: &Value, depth: usize) -> Option<String> {
        let (text, own) = match argument {
            Value::Array(parts) => (parts.first()?.as_str()?, parts.get(1)),
            text => (text.as_str()?, None),
        };
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            out.push_str(before);
            let (name, more) = after.split_once('}')?;
            rest = more;
            if let Some(literal) = name.strip_prefix('!') {
                out.push_str(&format!("$${{{literal}}}"));
                continue;
            }
            let name = name.trim();
            let given = own.and_then(|own| own.get(name));
            let value = match (given, name.split_once('.')) {
                (Some(value), _) => self.read(value, depth)?,
                (None, Some(_)) => format!("${{{}}}", snake(name)),
                (None, None) => self.refer(name, depth)?,
            };
            out.push_str(&value);
        }
        out.push_str(rest);
        Some(out)
    }

    /// The logical id that a value refers to, by `Ref`, `GetAtt` or `Sub`.
    pub(super) fn target(self, value: &'a Value) -> Option<&'a str> {
        let id = match (
            value.get("Ref"),
            value.get("Fn::GetAtt"),
            value.get("Fn::Sub"),
        ) {
            (Some(id), _, _) => id.as_str()?,
            (_, Some(Value::Array(parts)), _) => parts.first()?.as_str()?,
            (_, Some(text), _) => text.as_str()?.split('.').next()?,
            (_, _, Some(text)) => text
                .as_str()?
                .strip_prefix("${")?
                .split(['.', '}'])
                .next()?,
            _ => return None,
        };
        self.0["Resources"].get(id).is_some().then_some(id)
    }
}
