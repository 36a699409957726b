use super::*;

const SMALL: &str = r#"
Parameters:
  Token: { Type: String }
  Origin: { Type: String, Default: "" }
Conditions:
  HasOrigin: !Not [!Equals [!Ref Origin, ""]]
Globals:
  Function: { Timeout: 10, MemorySize: 256 }
Resources:
  Api: { Type: AWS::ApiGatewayV2::Api }
  Letters:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Sub "${AWS::StackName}-letters.fifo"
      FifoQueue: true
      RedrivePolicy: { deadLetterTargetArn: !GetAtt DeadLetters.Arn, maxReceiveCount: 5 }
  DeadLetters:
    Type: AWS::SQS::Queue
    Properties: { QueueName: !Join ["-", [!Ref "AWS::StackName", dead.fifo]], FifoQueue: true }
  Things:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: !Sub "${AWS::StackName}-things"
      KeySchema: [{ AttributeName: pk, KeyType: HASH }]
      StreamSpecification: { StreamViewType: NEW_IMAGE }
      TimeToLiveSpecification: { AttributeName: ttl, Enabled: true }
  ReaderFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: ../target/lambda/reader/
      Role: !GetAtt ReaderRole.Arn
      Environment:
        Variables:
          QUEUE: !Ref Letters
          TABLE: !Ref Things
          TOKEN: !Ref Token
          ORIGIN: !If [HasOrigin, !Ref Origin, !GetAtt Api.ApiEndpoint]
          NOTHING: !If [HasOrigin, x, !Ref "AWS::NoValue"]
      Events:
        Read:
          Type: SQS
          Properties: { Queue: !GetAtt Letters.Arn, BatchSize: 7, FunctionResponseTypes: [ReportBatchItemFailures] }
        Follow:
          Type: DynamoDB
          Properties: { Stream: !GetAtt Things.StreamArn, StartingPosition: TRIM_HORIZON, MaximumBatchingWindowInSeconds: 5 }
        Tick: { Type: ScheduleV2, Properties: { ScheduleExpression: rate(1 minute) } }
  ReaderRole:
    Type: AWS::IAM::Role
    Properties:
      Policies:
        - PolicyName: reader
          PolicyDocument:
            Statement:
              - { Effect: Allow, Action: "sqs:SendMessage", Resource: !GetAtt Letters.Arn }
              - { Effect: Allow, Action: ["dynamodb:Query"], Resource: [!GetAtt Things.Arn, !Sub "${Things.Arn}/index/list"] }
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties: { IntegrationUri: !GetAtt ReaderFunction.Arn }
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: { RouteKey: "ANY /read/{proxy+}", Target: !Sub "integrations/${Integration}" }
"#;

fn place() -> Place {
    Place {
        region: "us-east-1".to_owned(),
        account: "000000000000".to_owned(),
        stack: "small".to_owned(),
        queues_endpoint: "http://sqs.local".to_owned(),
        api_endpoint: "http://127.0.0.1:1".to_owned(),
    }
}

fn parameters(given: &[(&str, &str)]) -> BTreeMap<String, String> {
    given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn small(given: &[(&str, &str)]) -> Template {
    Template::read(SMALL, &parameters(given), &place()).unwrap()
}

#[test]
fn a_function_gets_its_environment_with_everything_resolved() {
    let template = small(&[("Token", "t")]);
    let reader = &template.functions["reader"];
    let expected = parameters(&[
        ("QUEUE", "http://sqs.local/000000000000/small-letters.fifo"),
        ("TABLE", "small-things"),
        ("TOKEN", "t"),
        ("ORIGIN", "http://127.0.0.1:1"),
    ]);
    assert_eq!(reader.environment, expected);
    assert_eq!(reader.timeout, Duration::from_secs(10));
    let other = small(&[("Token", "t"), ("Origin", "https://o")]);
    assert_eq!(other.functions["reader"].environment["ORIGIN"], "https://o");
    assert_eq!(other.functions["reader"].environment["NOTHING"], "x");
}

#[test]
fn a_role_allows_what_its_statements_say_and_nothing_that_is_not_understood() {
    let template = small(&[("Token", "t")]);
    let allowed = template.functions["reader"].allowed.iter().map(ToString::to_string);
    assert_eq!(
        allowed.collect::<Vec<_>>(),
        [
            "dynamodb:Query on things",
            "dynamodb:Query on things/index/list",
            "sqs:SendMessage on letters.fifo",
        ]
    );
    let refused = |from: &str, to: &str| {
        let text = SMALL.replace(from, to);
        format!(
            "{:#}",
            Template::read(&text, &parameters(&[("Token", "t")]), &place()).unwrap_err()
        )
    };
    for (from, to, why) in [
        ("Effect: Allow, Action: [", "Effect: Deny, Action: [", "only Allow"),
        ("\"dynamodb:Query\"", "\"dynamodb:*\"", "wildcards"),
        ("Effect: Allow, Action: [", "Effect: Allow, Condition: {}, Action: [", "Condition"),
        ("      Role: !GetAtt ReaderRole.Arn\n", "", "no role"),
    ] {
        let said = refused(from, to);
        assert!(said.contains(why), "{to}: {said}");
    }
}

#[test]
fn event_sources_of_a_function_are_read() {
    let template = small(&[("Token", "t")]);
    let batching = |size, window, reports_failures| Batching {
        size,
        window: Duration::from_secs(window),
        reports_failures,
    };
    let sources = &template.functions["reader"].sources;
    assert!(sources.contains(&Source::Queue {
        queue: "small-letters.fifo".to_owned(),
        batching: batching(7, 0, true),
        concurrency_max: 5,
    }));
    assert!(sources.contains(&Source::Stream {
        table: "small-things".to_owned(),
        batching: batching(100, 5, false),
        filters: Filters::default(),
        bisect: false,
        retries_max: None,
        on_failure: None,
    }));
    assert!(sources.contains(&Source::Schedule { period: Duration::from_secs(60) }));
    assert_eq!(template.routes[0].function, "reader");
    assert_eq!((&*template.routes[0].method, &*template.routes[0].path), ("ANY", "/read/{proxy+}"));
}

#[test]
fn dead_letter_queues_are_known_and_come_first() {
    let queues = small(&[("Token", "t")]).queues;
    assert_eq!(queues[0].name, "small-dead.fifo");
    assert!(queues[0].holds_dead_letters && !queues[1].holds_dead_letters);
    let policy = &queues[1].attributes["RedrivePolicy"];
    assert!(policy.contains("arn:aws:sqs:us-east-1:000000000000:small-dead.fifo"), "{policy}");
    assert_eq!(queues[1].attributes["FifoQueue"], "true");
}

#[test]
fn a_table_becomes_a_request_to_create_it() {
    let table = &small(&[("Token", "t")]).tables[0];
    assert_eq!(table.request["StreamSpecification"]["StreamEnabled"], true);
    assert_eq!(table.ttl.as_deref(), Some("ttl"));
}

#[test]
fn references_that_cannot_be_resolved_are_named() {
    let refused = |text: &str, given: &[(&str, &str)]| {
        format!("{:#}", Template::read(text, &parameters(given), &place()).unwrap_err())
    };
    assert!(refused(SMALL, &[]).contains("parameter Token"));
    assert!(refused(SMALL, &[("Token", "t"), ("Tokn", "t")]).contains("no parameter Tokn"));
    let select = SMALL.replace("!Ref Token", "!Select [0, [a]]");
    let select = refused(&select, &[("Token", "t")]);
    assert!(select.contains("ReaderFunction") && select.contains("Fn::Select"), "{select}");
    let dangling = SMALL.replace("!Ref Things", "!Ref Thongs");
    assert!(refused(&dangling, &[("Token", "t")]).contains("Thongs"));
    let foreign = SMALL.replace("AWS::DynamoDB::Table", "AWS::Lambda::Function");
    assert!(refused(&foreign, &[("Token", "t")]).contains("AWS::Lambda::Function"));
    assert!(refused("[", &[]).contains("not YAML"));
}

#[test]
fn the_bundle_s_own_template_is_understood() {
    let given = parameters(&[
        ("AccountSid", "AC00000000000000000000000000000001"),
        ("AuthToken", "local-auth-token"),
    ]);
    let template = Template::read(TEMPLATE, &given, &place()).unwrap();
    assert!(template.functions.contains_key("task-assignment"));
    let url = &template.functions["inbound-webhook"].environment["PUBLIC_URL"];
    assert_eq!(url, "http://127.0.0.1:1");
    let relay = &template.functions["effect-relay"].sources;
    assert!(relay.iter().all(|it| matches!(it, Source::Stream { on_failure: Some(_), .. })));
    assert!(template.tables.iter().any(|table| table.has_stream && table.ttl.is_some()));
}
