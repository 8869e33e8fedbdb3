"""The outputs of a training on SageMaker become files of a run, and are not believed."""

import io
import os
import tarfile
from pathlib import Path

import pytest
from aws import Account

from regulated_ml.errors import UserError
from regulated_ml.platforms.archive import pack
from regulated_ml.platforms.interface import Kind
from regulated_ml.platforms.sagemaker.collecting import collect
from regulated_ml.platforms.sagemaker.naming import Address
from regulated_ml.platforms.sagemaker.storage import PART, Storage
from regulated_ml.settings import load

PLACE = "credit-default/dev/runs/train-1/job/output"


class Trial:
    """A bucket with outputs, and the folder of a run."""

    def __init__(self, account: Account, folder: Path) -> None:
        self._account, self.folder = account, folder / "run"
        self.folder.mkdir()

    def put(self, archive: str, files: dict[str, bytes], link: str = "") -> None:
        """Puts an archive into the bucket as SageMaker packs it: with times and owners."""
        content = io.BytesIO()
        with tarfile.open(fileobj=content, mode="w:gz") as tar:
            for name, data in files.items():
                member = tarfile.TarInfo(name)
                member.size, member.mtime, member.uname = len(data), 1_800_000_000, "ec2-user"
                tar.addfile(member, io.BytesIO(data))
            if link:
                member = tarfile.TarInfo("link")
                member.type, member.linkname = tarfile.SYMTYPE, link
                tar.addfile(member)
        self.put_files({archive: content.getvalue()})

    def put_files(self, files: dict[str, bytes]) -> None:
        """Puts files into the bucket as they are."""
        for name, content in files.items():
            self._account.client("s3").put_object(
                Bucket=self._account.buckets[1], Key=f"{PLACE}/{name}", Body=content
            )

    def collect(self, kind: Kind = "training") -> list[str]:
        """The files of the run, afterwards."""
        outputs = f"s3://{self._account.buckets[1]}/{PLACE}"
        storage = Storage(load(self._account.repository, "dev"), self._account.client("s3"))
        try:
            collect(kind, outputs, storage, self.folder, lambda *_: None)
        finally:
            self.left = sorted(path.name for path in self.folder.rglob("*"))
        return self.left


@pytest.fixture
def trial(account: Account, tmp_path: Path) -> Trial:
    """Nothing has been put or collected."""
    return Trial(account, tmp_path)


def test_the_model_is_packed_as_a_local_job_packs_it(trial: Trial, tmp_path: Path) -> None:
    trial.put("model.tar.gz", {"xgboost-model.ubj": b"model", "metadata/features.json": b"{}"})
    trial.put("output.tar.gz", {"training.json": b"{}", "plots/a.png": b"png"})
    assert trial.collect() == ["a.png", "model.tar.gz", "plots", "training.json"]
    here = tmp_path / "here"
    (here / "metadata").mkdir(parents=True)
    (here / "xgboost-model.ubj").write_bytes(b"model")
    (here / "metadata/features.json").write_bytes(b"{}")
    pack(here, tmp_path / "model.tar.gz")
    assert (trial.folder / "model.tar.gz").read_bytes() == (tmp_path / "model.tar.gz").read_bytes()


def test_a_training_without_outputs_beside_its_model_is_one(trial: Trial) -> None:
    trial.put("model.tar.gz", {"xgboost-model.ubj": b"model"})
    assert trial.collect() == ["model.tar.gz"]


def test_a_completed_training_without_a_model_is_said_to_be_one(trial: Trial) -> None:
    with pytest.raises(UserError, match="its model is not in the bucket"):
        trial.collect()
    assert trial.left == []


@pytest.mark.parametrize(
    ("keys", "named", "rule"),
    [
        (["a", "a/b", "fine"], ["a"], "beginning of another"),
        (["a/b/c", "a/b/c/d/e", "a/b"], ["a/b", "a/b/c"], "beginning of another"),
        (["a//b", "a/b"], ["a//b", "a/b"], "same path"),
        (["fine", "x" * 256], ["x" * 256], "more than 230 bytes"),
        (["fine", "a/\u00e4" + "\u00e4" * 115], ["a/" + "\u00e4" * 116], "more than 230 bytes"),
        (["fine", "../evil", "x" * 300], ["../evil", "x" * 300], ""),
        (["job.log"], ["job.log"], "in the run's folder already"),
        (["job.log/a"], ["job.log/a"], "in the run's folder already"),
    ],
)
def test_keys_that_are_no_files_beside_each_other_are_named_and_nothing_is_fetched(
    trial: Trial, keys: list[str], named: list[str], rule: str
) -> None:
    (trial.folder / "job.log").write_text("what the job printed")
    trial.put_files(dict.fromkeys(keys, b"content"))
    with pytest.raises(UserError) as caught:
        trial.collect("processing")
    assert sorted(problem.value for problem in caught.value.problems) == sorted(named)
    assert all(rule in problem.rule for problem in caught.value.problems)
    assert trial.left == ["job.log"]
    assert (trial.folder / "job.log").read_text() == "what the job printed"


def test_files_with_the_longest_names_are_fetched(trial: Trial) -> None:
    names = ["x" * 230, "." + "y" * 229, "a." + "z" * 228]
    trial.put_files({f"data/{name}": b"content" for name in names})
    assert trial.collect("processing") == sorted(["data", *names])


@pytest.mark.parametrize("archive", ["model.tar.gz", "output.tar.gz"])
@pytest.mark.parametrize("name", ["../escaped", "/tmp/escaped-of-a-job"])
def test_a_path_that_leads_out_is_refused(trial: Trial, archive: str, name: str) -> None:
    trial.put("model.tar.gz", {"xgboost-model.ubj": b"model"})
    trial.put(archive, {name: b"evil"})
    with pytest.raises(UserError, match="leads out of the archive"):
        trial.collect()
    assert not [each for each in trial.left if "escaped" in each]
    assert not Path("/tmp/escaped-of-a-job").exists()
    assert not [path for path in trial.folder.parent.iterdir() if "escaped" in path.name]


def test_a_link_is_refused(trial: Trial) -> None:
    trial.put("model.tar.gz", {"xgboost-model.ubj": b"model"}, link="/etc/passwd")
    with pytest.raises(UserError, match="a link or a device"):
        trial.collect()
    assert trial.left == []


def test_a_file_that_lies_there_is_told_by_the_checksum_that_s3_made(
    account: Account, tmp_path: Path
) -> None:
    """Of one that went up in parts, too: it is not sent a second time."""
    place = Address(account.buckets[1], "a/")
    storage = Storage(load(account.repository, "dev"), account.client("s3"))
    path = tmp_path / "file"
    for size in (5, PART - 1, PART, 2 * PART + 7):
        path.write_bytes(os.urandom(size))
        sent: list[float] = []
        for _ in range(2):
            storage.keep(place, f"of {size}", path, lambda done, *_, to=sent: to.append(done))
            sent.append(0)  # ends what was told of one call
        assert sent[-3:] == [size, 0, 0]
