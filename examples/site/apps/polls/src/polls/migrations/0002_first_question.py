from django.db import migrations


def ask(apps, schema_editor):
    apps.get_model("polls", "Question").objects.create(text="What's up?")


class Migration(migrations.Migration):
    dependencies = [("polls", "0001_initial")]
    operations = [migrations.RunPython(ask, migrations.RunPython.noop)]
