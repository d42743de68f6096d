"""Keys to AWS from each link of the chain, as S3 sees them: the right ones sign, others are had when they end or are
refused, and what a person has to mend is said at the start."""
import os
import subprocess

import pytest
from aws_keys import ROLE, AwsKeys
from pipeline import Worker
from s3_local import KEYS, S3Local
from standpipe_run import wait_for

ENDS = ("done", "failed", "incomplete")
SMALL = b"n\n1\n2\n"
NONE = {name: "" for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE")}
FILES = {
    "credentials": "# ours\n[other]\naws_access_key_id = X\naws_secret_access_key = Y\n\n[default]\naws_access_key_id=AKIDFILE\n"
                   "aws_secret_access_key = file/secret+=\n",
    "config": "[default]\nregion = eu-west-1\n[profile night]\ns3 =\n    aws_access_key_id = NO\naws_access_key_id = AKIDNIGHT\n"
              "aws_secret_access_key = night\naws_session_token = tok\n",
}
ISSUED = {"AKIDFILE": ("file/secret+=", None), "AKIDNIGHT": ("night", "tok")}


def files_of(folder):
    for name, text in FILES.items():
        (folder / name).write_text(text)
    (folder / "token").write_text("eyJ.header+/=.sig\n")
    (folder / "agent").write_text("tell me\n")
    return {"AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"), "AWS_CONFIG_FILE": str(folder / "config")}


def nowhere(folder):
    return {"AWS_SHARED_CREDENTIALS_FILE": str(folder / "no"), "AWS_CONFIG_FILE": str(folder / "no")}


CHAINS = {  # folder and URL of the fake services to an environment
    "environment": lambda f, url: {**files_of(f), **KEYS},
    "credentials_file": lambda f, url: files_of(f),
    "profile_of_the_config_file": lambda f, url: {**files_of(f), **KEYS, "AWS_PROFILE": "night"},
    "web_identity": lambda f, url: {**files_of(f), "AWS_WEB_IDENTITY_TOKEN_FILE": str(f / "token"), "AWS_ROLE_ARN": ROLE,
                                    "AWS_ENDPOINT_URL_STS": url},
    "container": lambda f, url: {**files_of(f), **nowhere(f), "AWS_CONTAINER_CREDENTIALS_FULL_URI": url + "/container",
                                 "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(f / "agent")},
    "metadata": lambda f, url: {**nowhere(f), "AWS_EC2_METADATA_SERVICE_ENDPOINT": url},
    "metadata_v1": lambda f, url: {**nowhere(f), "AWS_EC2_METADATA_SERVICE_ENDPOINT": url + "/"},
}


class Fleet:
    """A pipeline whose splitter has another environment than the rest."""

    def __init__(self, p, store):
        self.p, self.store = p, store
        p.apply()
        p.start("dispatch", "normalise-1", "deliver-1")

    def split(self, environment):
        p = self.p
        worker = p.workers["split-1"] = Worker(p, "split-1", "--s3-endpoint", self.store.url, "--s3-region", "eu-west-1",
                                               "--s3-allow", "data")
        with worker.log.open("ab") as log:
            worker.process = subprocess.Popen(worker.words, stdout=log, stderr=log, env={**os.environ, **NONE, **environment})
        return worker

    def read(self, name, key="x.csv"):
        """The state the job ends with."""
        self.store.put(f"data/{key}", SMALL)
        id = self.p.r.xadd("sp:inbox", {"uri": f"s3://data/{key}"})
        self.p.jobs.append(id)
        wait_for(name, lambda: self.p.job(id).get("state") in ENDS)
        return self.p.job(id)["state"]


@pytest.fixture
def fleet(pipeline):
    with S3Local() as store:
        store.keys.update(ISSUED)
        yield Fleet(pipeline, store)


def services_of(store):
    return AwsKeys(lambda id, secret, token: store.keys.update({id: (secret, token)}))


def signers(store):
    return {headers["Authorization"].partition("Credential=")[2].partition("/")[0] for _, headers in store.requests}


SIGNERS = {"environment": "AKIDLOCAL", "credentials_file": "AKIDFILE", "profile_of_the_config_file": "AKIDNIGHT"}


@pytest.mark.parametrize("name", CHAINS)
def test_every_link_of_the_chain(fleet, tmp_path, name):
    with services_of(fleet.store) as services:
        services.has_v2 = name != "metadata_v1"
        fleet.split(CHAINS[name](tmp_path, services.url))
        assert fleet.read(name) == "done"
        assert signers(fleet.store) == {SIGNERS.get(name, "ASIA1")} and services.handed == (name not in SIGNERS)


def test_keys_that_are_refused_are_replaced(fleet, tmp_path):
    with services_of(fleet.store) as services:
        fleet.split(CHAINS["metadata"](tmp_path, services.url))
        assert fleet.read("the first") == "done"
        del fleet.store.keys["ASIA1"]
        fleet.store.expired.add("ASIA1")
        assert fleet.read("the second", "y.csv") == "done"
        assert signers(fleet.store) == {"ASIA1", "ASIA2"}


def test_keys_are_waited_for_and_renewed_before_they_end(fleet, tmp_path):
    with services_of(fleet.store) as services:
        services.lives_s = 60  # they are good for a minute: others are looked for at once, at most once a minute
        services.container_token = "not yet"
        worker = fleet.split(CHAINS["container"](tmp_path, services.url))
        fleet.store.put("data/x.csv", SMALL)
        fleet.p.jobs.append(fleet.p.r.xadd("sp:inbox", {"uri": "s3://data/x.csv"}))
        wait_for("it to say so", lambda: "HTTP status 401" in worker.log.read_text())
        services.container_token = "tell me"
        wait_for("the end", lambda: fleet.p.job(fleet.p.jobs[-1]).get("state") == "done")


BROKEN = {"half_a_pair": ({"AWS_ACCESS_KEY_ID": "a"}, "AWS_SECRET_ACCESS_KEY is not"),
          "no_such_profile": ({"AWS_PROFILE": "nobody"}, "no keys for the profile 'nobody'"),
          "nothing": ({"AWS_EC2_METADATA_DISABLED": "true"}, "no AWS credentials")}


@pytest.mark.parametrize("name", BROKEN)
def test_what_a_person_has_to_mend_ends_deliver_at_once(pipeline, tmp_path, name):
    environment, said = BROKEN[name]
    pipeline.apply()
    pipeline.start("dispatch")
    worker = Worker(pipeline, "deliver-1")
    done = subprocess.run(worker.words, capture_output=True, text=True, timeout=30,
                          env={**os.environ, **NONE, **nowhere(tmp_path), **environment})
    assert done.returncode == 78 and said in done.stdout + done.stderr


def test_deliver_takes_keys_from_the_metadata(pipeline, tmp_path):
    """firehose-local knows one pair: metadata hands out that."""
    p = pipeline
    with AwsKeys(lambda *_: None) as services:
        services.server.RequestHandlerClass.keys = lambda self: (KEYS["AWS_ACCESS_KEY_ID"], KEYS["AWS_SECRET_ACCESS_KEY"], "",
                                                                 "2099-01-01T00:00:00Z")
        p.apply()
        p.start("dispatch", "split-1", "normalise-1")
        worker = p.workers["deliver-1"] = Worker(p, "deliver-1")
        with worker.log.open("ab") as log:
            worker.process = subprocess.Popen(worker.words, stdout=log, stderr=log, env={
                **p.environment, **NONE, **nowhere(tmp_path), "AWS_EC2_METADATA_SERVICE_ENDPOINT": services.url})
        p.send(p.write("x.csv", SMALL))
        wait_for("the rows", lambda: len(p.documents()) == 2)
