"""The addresses: a front page, and what mozilla-django-oidc brings."""

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.urls import include, path
from django.utils.html import format_html

SIGN_OUT = """Hello {} <form method="post" action="/oidc/logout/">
<input type="hidden" name="csrfmiddlewaretoken" value="{}"><button>Sign out</button></form>"""


def front(request: HttpRequest) -> HttpResponse:
    """Greet whoever is signed in."""
    if request.user.is_authenticated:
        return HttpResponse(format_html(SIGN_OUT, request.user.first_name, get_token(request)))
    return HttpResponse('<a href="/oidc/authenticate/">Sign in with OhMyGPT</a>')


urlpatterns = [path("", front), path("oidc/", include("mozilla_django_oidc.urls"))]
