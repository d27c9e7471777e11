"""A stock Flask-AppBuilder view of the same tables: what the product would be without its engine."""

from __future__ import annotations

import os

from flask import Flask
from flask_appbuilder import AppBuilder, Model, ModelView
from flask_appbuilder.models.sqla.base import SQLA
from flask_appbuilder.models.sqla.interface import SQLAInterface
from sqlalchemy import BigInteger, Column, Date, ForeignKey, Integer, String
from sqlalchemy.orm import relationship


class Partner(Model):
    __tablename__ = "partner"
    id = Column(Integer, primary_key=True)
    name = Column(String(200))

    def __repr__(self) -> str:
        return self.name


class Client(Model):
    __tablename__ = "client"
    id = Column(Integer, primary_key=True)
    name = Column(String(200))

    def __repr__(self) -> str:
        return self.name


class Supplier(Model):
    __tablename__ = "supplier"
    id = Column(Integer, primary_key=True)
    name = Column(String(200))

    def __repr__(self) -> str:
        return self.name


class Contract(Model):
    __tablename__ = "contract"
    id = Column(Integer, primary_key=True)
    number = Column(String(60))
    status = Column(String(30))
    amount = Column(BigInteger)
    effective_on = Column(Date)
    partner_id = Column(Integer, ForeignKey("partner.id"))
    client_id = Column(Integer, ForeignKey("client.id"))
    supplier_id = Column(Integer, ForeignKey("supplier.id"))
    partner = relationship("Partner")
    client = relationship("Client")
    supplier = relationship("Supplier")


class ContractStock(ModelView):
    datamodel = SQLAInterface(Contract)
    route_base = "/contracts"
    list_columns = ["number", "client", "partner", "supplier", "status", "effective_on", "amount"]
    page_size = 50


def create_app() -> Flask:
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY="bench",
        SQLALCHEMY_DATABASE_URI=os.environ["BENCH_URL"],
        FAB_CREATE_DB=False,
        FAB_UPDATE_PERMS=False,
        WTF_CSRF_ENABLED=False,
        FAB_ROLES={"administrator": [[".*", ".*"]]},
    )
    db = SQLA(app, metadata=Model.metadata)
    with app.app_context():
        AppBuilder(app, db.session).add_view(ContractStock, "Contracts")
    return app
