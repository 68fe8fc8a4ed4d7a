"""Contains all the data models used in inputs/outputs"""

from .event import Event
from .files import Files
from .job import Job
from .jobs import Jobs
from .on_chain import OnChain
from .problem import Problem
from .proof_system import ProofSystem
from .state import State
from .submission import Submission
from .summary import Summary
from .summary_jobs import SummaryJobs
from .worker_info import WorkerInfo

__all__ = (
    "Event",
    "Files",
    "Job",
    "Jobs",
    "OnChain",
    "Problem",
    "ProofSystem",
    "State",
    "Submission",
    "Summary",
    "SummaryJobs",
    "WorkerInfo",
)
