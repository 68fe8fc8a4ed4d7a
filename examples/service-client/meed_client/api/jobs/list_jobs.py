from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.jobs import Jobs
from ...models.problem import Problem
from ...models.state import State
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    after: int | Unset = UNSET,
    limit: int | Unset = 50,
    state: State | Unset = UNSET,
    network: str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["after"] = after

    params["limit"] = limit

    json_state: str | Unset = UNSET
    if not isinstance(state, Unset):
        json_state = state.value

    params["state"] = json_state

    params["network"] = network

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/jobs",
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Jobs | Problem | None:
    if response.status_code == 200:
        response_200 = Jobs.from_dict(response.json())

        return response_200

    if response.status_code == 401:
        response_401 = Problem.from_dict(response.json())

        return response_401

    if response.status_code == 403:
        response_403 = Problem.from_dict(response.json())

        return response_403

    if response.status_code == 503:
        response_503 = Problem.from_dict(response.json())

        return response_503

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Jobs | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    after: int | Unset = UNSET,
    limit: int | Unset = 50,
    state: State | Unset = UNSET,
    network: str | Unset = UNSET,
) -> Response[Jobs | Problem]:
    """The tenant's jobs, page by page.

    Args:
        after (int | Unset):
        limit (int | Unset):  Default: 50.
        state (State | Unset): Where a job is.
        network (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Jobs | Problem]
    """

    kwargs = _get_kwargs(
        after=after,
        limit=limit,
        state=state,
        network=network,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient | Client,
    after: int | Unset = UNSET,
    limit: int | Unset = 50,
    state: State | Unset = UNSET,
    network: str | Unset = UNSET,
) -> Jobs | Problem | None:
    """The tenant's jobs, page by page.

    Args:
        after (int | Unset):
        limit (int | Unset):  Default: 50.
        state (State | Unset): Where a job is.
        network (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Jobs | Problem
    """

    return sync_detailed(
        client=client,
        after=after,
        limit=limit,
        state=state,
        network=network,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    after: int | Unset = UNSET,
    limit: int | Unset = 50,
    state: State | Unset = UNSET,
    network: str | Unset = UNSET,
) -> Response[Jobs | Problem]:
    """The tenant's jobs, page by page.

    Args:
        after (int | Unset):
        limit (int | Unset):  Default: 50.
        state (State | Unset): Where a job is.
        network (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Jobs | Problem]
    """

    kwargs = _get_kwargs(
        after=after,
        limit=limit,
        state=state,
        network=network,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    after: int | Unset = UNSET,
    limit: int | Unset = 50,
    state: State | Unset = UNSET,
    network: str | Unset = UNSET,
) -> Jobs | Problem | None:
    """The tenant's jobs, page by page.

    Args:
        after (int | Unset):
        limit (int | Unset):  Default: 50.
        state (State | Unset): Where a job is.
        network (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Jobs | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            after=after,
            limit=limit,
            state=state,
            network=network,
        )
    ).parsed
