from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from polls.models import Question


def index(request: HttpRequest) -> HttpResponse:
    return render(request, "polls/index.html", {"questions": Question.objects.all()})
