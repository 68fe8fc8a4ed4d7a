from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.job import Job
from ...models.problem import Problem
from ...models.submission import Submission
from ...types import Response


def _get_kwargs(
    *,
    body: Submission,
    idempotency_key: str,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    headers["Idempotency-Key"] = idempotency_key

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/jobs",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Job | Problem | str | None:
    if response.status_code == 200:
        response_200 = Job.from_dict(response.json())

        return response_200

    if response.status_code == 201:
        response_201 = Job.from_dict(response.json())

        return response_201

    if response.status_code == 400:
        response_400 = Problem.from_dict(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = Problem.from_dict(response.json())

        return response_401

    if response.status_code == 403:
        response_403 = Problem.from_dict(response.json())

        return response_403

    if response.status_code == 409:
        response_409 = Problem.from_dict(response.json())

        return response_409

    if response.status_code == 413:
        response_413 = response.text
        return response_413

    if response.status_code == 422:
        response_422 = Problem.from_dict(response.json())

        return response_422

    if response.status_code == 429:
        response_429 = Problem.from_dict(response.json())

        return response_429

    if response.status_code == 503:
        response_503 = Problem.from_dict(response.json())

        return response_503

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Job | Problem | str]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: Submission,
    idempotency_key: str,
) -> Response[Job | Problem | str]:
    """Submits a committed epoch to be proved.

     The epoch is read, compared with its commitment, settled and checked against every clause before it
    is queued.
    The job is queued when the answer comes. If no answer comes, make the same request again, with the
    same key: there will be one job. The epoch after another of the same network waits until that one is
    proved.

    Args:
        idempotency_key (str):
        body (Submission): What a client asks for.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Job | Problem | str]
    """

    kwargs = _get_kwargs(
        body=body,
        idempotency_key=idempotency_key,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient | Client,
    body: Submission,
    idempotency_key: str,
) -> Job | Problem | str | None:
    """Submits a committed epoch to be proved.

     The epoch is read, compared with its commitment, settled and checked against every clause before it
    is queued.
    The job is queued when the answer comes. If no answer comes, make the same request again, with the
    same key: there will be one job. The epoch after another of the same network waits until that one is
    proved.

    Args:
        idempotency_key (str):
        body (Submission): What a client asks for.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Job | Problem | str
    """

    return sync_detailed(
        client=client,
        body=body,
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: Submission,
    idempotency_key: str,
) -> Response[Job | Problem | str]:
    """Submits a committed epoch to be proved.

     The epoch is read, compared with its commitment, settled and checked against every clause before it
    is queued.
    The job is queued when the answer comes. If no answer comes, make the same request again, with the
    same key: there will be one job. The epoch after another of the same network waits until that one is
    proved.

    Args:
        idempotency_key (str):
        body (Submission): What a client asks for.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Job | Problem | str]
    """

    kwargs = _get_kwargs(
        body=body,
        idempotency_key=idempotency_key,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    body: Submission,
    idempotency_key: str,
) -> Job | Problem | str | None:
    """Submits a committed epoch to be proved.

     The epoch is read, compared with its commitment, settled and checked against every clause before it
    is queued.
    The job is queued when the answer comes. If no answer comes, make the same request again, with the
    same key: there will be one job. The epoch after another of the same network waits until that one is
    proved.

    Args:
        idempotency_key (str):
        body (Submission): What a client asks for.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Job | Problem | str
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
            idempotency_key=idempotency_key,
        )
    ).parsed
