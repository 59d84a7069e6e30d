"""``/hub/v1/me``: who the credentials stand for."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from oauth_app.api.bearer import current_access, require_access
from oauth_app.api.operations import Operation, answer, describes, read_query
from oauth_app.api.problems import answer_problems
from oauth_app.api.schemas import LimitsAnswer, MeAnswer, PartnerAnswer, PlainQuery
from oauth_app.db import reading
from oauth_app.hub import current_hub
from oauth_app.services.exchange import rates_of
from oauth_app.services.profiles import read_profile

bp = Blueprint("me", __name__, url_prefix="/hub/v1/me")
bp.before_request(require_access)
answer_problems(bp)


@bp.get("")
@describes(Operation(answers={200: MeAnswer}))
def show() -> ResponseReturnValue:
    """Tell who the user is to you, what they allow, and what is left of it."""
    read_query(PlainQuery)
    access = current_access()
    with reading(current_hub().engine) as session:
        profile = read_profile(session, access, rates_of(current_hub()))
    limits = LimitsAnswer(
        per_charge=access.limit_per_charge,
        per_month=access.limit_per_month,
        spent_this_month=profile.spent_this_month,
    )
    return answer(
        MeAnswer(
            sub=access.subject,
            name=profile.name,
            email=profile.email,
            partner=PartnerAnswer(id=access.partner_id, name=access.partner_name),
            scopes=sorted(access.scopes),
            limits=limits,
        )
    )
