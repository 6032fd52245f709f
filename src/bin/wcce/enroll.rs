//! `wcce request` and `wcce retrieve`.

use std::error::Error;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::Args;
use wcce::asn1::{Name, pem};
use wcce::client::{
    Answer, CertificateRequest, EnrollError, EnrollmentClient, KeyKind, Login, Outcome, RequestKey,
    Server, parse_name,
};
use wcce::rpc::client::ClientOptions;

use crate::Done;
use crate::args::{LoginArgs, ServerArgs};

#[derive(Args)]
pub struct Request {
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    login: LoginArgs,
    /// Name of the CA, as `certutil -CAInfo name` shows it
    #[arg(long)]
    ca: String,
    #[command(flatten)]
    way: Way,
    /// Name of the certificate template, such as User or WebServer
    #[arg(long)]
    template: Option<String>,
    /// Subject, such as CN=host,O=Example; most templates build it themselves
    #[arg(long, default_value = "")]
    subject: String,
    /// Subject alternative name: dns=, upn=, email=, uri= or ip=; can be repeated
    #[arg(long, value_name = "TYPE=VALUE")]
    san: Vec<String>,
    /// Further request attribute; can be repeated
    #[arg(long, value_name = "NAME:VALUE")]
    attribute: Vec<String>,
    /// Kind of the new key: p256, p384, rsa2048, rsa3072 or rsa4096
    #[arg(long, default_value = "rsa2048")]
    key: KeyKind,
    /// Submit this PKCS#10 (PEM or DER) instead of making a key and a request
    #[arg(long, value_name = "FILE", conflicts_with_all = ["subject", "san", "key"])]
    csr: Option<PathBuf>,
    #[command(flatten)]
    out: Out,
}

#[derive(Args)]
pub struct Retrieve {
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    login: LoginArgs,
    /// Name of the CA
    #[arg(long)]
    ca: String,
    #[command(flatten)]
    way: Way,
    /// The request's id
    #[arg(long)]
    id: u32,
    #[command(flatten)]
    out: Out,
}

/// Which interface of the CA.
#[derive(Args)]
struct Way {
    /// Go through the CA's DCOM object (ICertRequestD2), as Windows does, and not ICertPassage;
    /// --epm-port is the port of its resolver, --port is not needed
    #[arg(long)]
    dcom: bool,
}

/// Where results go.
#[derive(Args)]
struct Out {
    /// Where results go: NAME.key, NAME.crt and NAME.p7b (the chain); none may exist
    #[arg(long = "out", value_name = "NAME")]
    name: PathBuf,
}

impl Request {
    pub async fn run(self) -> Result<Done, Box<dyn Error>> {
        let request = self.certificate_request()?;
        let mut attributes = request.attributes.clone();
        if let (Some(template), Some(_)) = (&self.template, &self.csr) {
            attributes.push(("CertificateTemplate".to_owned(), template.clone()));
        }
        let attributes = wcce::client::attributes_string(&attributes)?;
        let server = self.server.server()?;
        let login = self.login.login()?;
        self.out.check(&["key", "crt", "p7b"])?;
        let (pkcs10, key) = match &self.csr {
            Some(path) => {
                let file = std::fs::read(path);
                (file.map_err(|error| format!("{}: {error}", path.display()))?, None)
            }
            None => {
                let key = RequestKey::generate(self.key)?;
                (request.to_pkcs10(&key)?, Some(key))
            }
        };
        let options = self.server.options();
        let mut client = self.way.connect(&server, &self.ca, &login, &options).await?;
        // The key is stored first: a certificate without its key is worth nothing.
        let key_file = match &key {
            Some(key) => {
                let text = pem::encode("PRIVATE KEY", key.to_pkcs8());
                Some(self.out.write("key", 0o600, text.as_bytes())?)
            }
            None => None,
        };
        let answer = client.submit(&pkcs10, &attributes).await;
        // And the other way round. Where the connection broke, the CA may have issued it.
        let refused = match &answer {
            Ok(answer) => matches!(answer.outcome, Outcome::Refused(_)),
            Err(error) => matches!(error, EnrollError::Call(_)),
        };
        if let Some(path) = key_file.filter(|_| refused) {
            std::fs::remove_file(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        }
        self.out.finish(client, answer).await
    }

    fn certificate_request(&self) -> Result<CertificateRequest, Box<dyn Error>> {
        let mut attributes = Vec::new();
        for attribute in &self.attribute {
            let pair = attribute.split_once(':');
            let (name, value) =
                pair.ok_or_else(|| format!("attribute `{attribute}` is not NAME:VALUE"))?;
            attributes.push((name.to_owned(), value.to_owned()));
        }
        Ok(CertificateRequest {
            subject: Name::parse(&self.subject)?,
            names: self.san.iter().map(|name| parse_name(name)).collect::<Result<_, _>>()?,
            template: self.template.as_deref().map(Into::into),
            attributes,
            ..CertificateRequest::default()
        })
    }
}

impl Retrieve {
    pub async fn run(self) -> Result<Done, Box<dyn Error>> {
        let server = self.server.server()?;
        let login = self.login.login()?;
        self.out.check(&["crt", "p7b"])?;
        let options = self.server.options();
        let mut client = self.way.connect(&server, &self.ca, &login, &options).await?;
        let answer = client.retrieve(self.id).await;
        self.out.finish(client, answer).await
    }
}

impl Way {
    async fn connect(
        &self,
        server: &Server,
        authority: &str,
        login: &Login,
        options: &ClientOptions,
    ) -> Result<EnrollmentClient, EnrollError> {
        Ok(match self.dcom {
            true => EnrollmentClient::activate(server, authority, login, options).await?,
            false => EnrollmentClient::connect(server, authority, login, options).await?,
        })
    }
}

impl Out {
    fn path(&self, extension: &str) -> PathBuf {
        let mut name = self.name.clone().into_os_string();
        name.push(".");
        name.push(extension);
        name.into()
    }

    /// Refuses to start what could not be stored.
    fn check(&self, extensions: &[&str]) -> Result<(), String> {
        match extensions.iter().map(|extension| self.path(extension)).find(|path| path.exists()) {
            Some(path) => Err(format!("{} exists: choose another --out", path.display())),
            None => Ok(()),
        }
    }

    fn write(&self, extension: &str, mode: u32, content: &[u8]) -> Result<PathBuf, String> {
        let path = self.path(extension);
        store(&path, mode, content).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(path)
    }

    /// Stores the answer, then takes leave of the CA. An error before is told rather than one
    /// then.
    async fn finish(
        &self,
        client: EnrollmentClient,
        answer: Result<Answer, EnrollError>,
    ) -> Result<Done, Box<dyn Error>> {
        let done = answer.map_err(Box::from).and_then(|answer| self.answer(answer));
        let closed = client.close().await;
        let done = done?;
        closed?;
        Ok(done)
    }

    fn answer(&self, answer: Answer) -> Result<Done, Box<dyn Error>> {
        let Answer { request_id, outcome, message } = answer;
        match outcome {
            Outcome::Issued { certificate, chain } => {
                let text = pem::encode("CERTIFICATE", &certificate);
                let path = self.write("crt", 0o644, text.as_bytes())?;
                println!("request {request_id} issued: {}", path.display());
                if !chain.is_empty() {
                    self.write("p7b", 0o644, pem::encode("PKCS7", &chain).as_bytes())?;
                }
                Ok(Done::Fine)
            }
            Outcome::Pending => {
                println!("request {request_id} is pending: {message}");
                println!("fetch its result with `wcce retrieve --id {request_id}`");
                Ok(Done::Pending)
            }
            Outcome::Refused(code) => {
                Err(format!("request {request_id} was refused: {code}: {message}").into())
            }
        }
    }
}

fn store(path: &Path, mode: u32, content: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}
