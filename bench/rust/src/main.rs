//! jsonwebtoken as a contestant: reads JSON lines on stdin, does what each asks so many times, answers how long that took.
use jsonwebtoken::{decode, encode, Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::Deserialize;
use serde_json::{json, Map, Value};
use std::io::{self, BufRead, Write};
use std::time::{SystemTime, UNIX_EPOCH};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Job {
    op: String,
    #[serde(default)]
    alg: String,
    #[serde(default)]
    kid: String,
    #[serde(default)]
    private_pem: String,
    #[serde(default)]
    public_pem: String,
    #[serde(default)]
    issuer: String,
    #[serde(default)]
    audience: String,
    #[serde(default)]
    ttl_seconds: u64,
    #[serde(default)]
    count: usize,
    #[serde(default)]
    claims: Vec<Map<String, Value>>,
    #[serde(default)]
    tokens: Vec<String>,
}

/// What the last "prepare" left.
struct Setting {
    job: Job,
    header: Header,
    signing: EncodingKey,
    verifying: DecodingKey,
    validation: Validation,
}

type Answer = Result<Value, Box<dyn std::error::Error>>;

/// The version of jsonwebtoken that was built.
fn version() -> &'static str {
    let lock = include_str!("../Cargo.lock");
    let (_, rest) = lock.split_once("name = \"jsonwebtoken\"\nversion = \"").unwrap_or_default();
    rest.split('"').next().unwrap_or_default()
}

/// The microseconds that this process has spent on the processor, all its threads together.
fn processor_time() -> i64 {
    // SAFETY: getrusage fills the struct that it is given.
    let used = unsafe {
        let mut used = std::mem::zeroed::<libc::rusage>();
        libc::getrusage(libc::RUSAGE_SELF, &mut used);
        used
    };
    (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1_000_000 + used.ru_utime.tv_usec + used.ru_stime.tv_usec
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn prepare(job: Job) -> Result<Setting, Box<dyn std::error::Error>> {
    let (private, public) = (job.private_pem.as_bytes(), job.public_pem.as_bytes());
    let (signing, verifying) = match job.alg.as_str() {
        "ES256" => (EncodingKey::from_ec_pem(private)?, DecodingKey::from_ec_pem(public)?),
        "EdDSA" => (EncodingKey::from_ed_pem(private)?, DecodingKey::from_ed_pem(public)?),
        _ => (EncodingKey::from_rsa_pem(private)?, DecodingKey::from_rsa_pem(public)?),
    };
    let alg: Algorithm = job.alg.parse()?;
    let mut header = Header::new(alg);
    header.kid = Some(job.kid.clone());
    let mut validation = Validation::new(alg);
    validation.set_issuer(&[&job.issuer]);
    validation.set_audience(&[&job.audience]);
    Ok(Setting { job, header, signing, verifying, validation })
}

fn issue(setting: &Setting, count: usize) -> Answer {
    let mut token = String::new();
    let start = processor_time();
    for index in 0..count {
        let iat = now();
        let mut claims = setting.job.claims[index % setting.job.claims.len()].clone();
        claims.insert("iat".into(), iat.into());
        claims.insert("exp".into(), (iat + setting.job.ttl_seconds).into());
        token = encode(&setting.header, &claims, &setting.signing)?;
    }
    Ok(json!({ "microseconds": processor_time() - start, "token": token }))
}

fn verify(setting: &Setting, count: usize) -> Answer {
    let start = processor_time();
    for index in 0..count {
        let token = &setting.job.tokens[index % setting.job.tokens.len()];
        decode::<Map<String, Value>>(token, &setting.verifying, &setting.validation)?;
    }
    Ok(json!({ "microseconds": processor_time() - start }))
}

fn work(current: &mut Option<Setting>, line: &str) -> Answer {
    let job: Job = serde_json::from_str(line)?;
    match (job.op.as_str(), current.as_ref()) {
        ("prepare", _) => {
            *current = Some(prepare(job)?);
            Ok(json!({ "microseconds": 0, "version": version() }))
        }
        ("issue", Some(setting)) => issue(setting, job.count),
        ("verify", Some(setting)) => verify(setting, job.count),
        (other, _) => Err(format!("no such work: {other}").into()),
    }
}

fn main() -> io::Result<()> {
    let mut current = None;
    let mut out = io::stdout();
    for line in io::stdin().lock().lines() {
        let reply = work(&mut current, &line?).unwrap_or_else(|error| json!({ "error": error.to_string() }));
        writeln!(out, "{reply}")?;
        out.flush()?;
    }
    Ok(())
}
